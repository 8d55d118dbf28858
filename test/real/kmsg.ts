/** The machine's own kernel log, where it may be written. What user space writes has facility 1 (user), never 0 (kernel). */
import { closeSync, constants, openSync, writeSync } from 'node:fs';

export const KMSG = '/dev/kmsg';

/** Null when it may be written, else why not. */
export function whyNotWritable(): string | null {
  try {
    closeSync(openSync(KMSG, constants.O_WRONLY));
    closeSync(openSync(KMSG, constants.O_RDONLY | constants.O_NONBLOCK));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * One write a record, with its line feed: a record without one stays open, and a reader does not get it. Opened anew for
 * each: kernel.printk_devkmsg=ratelimit lets ten records in five seconds through a descriptor and drops the others.
 */
export function writeKernel(text: string): void {
  const fd = openSync(KMSG, constants.O_WRONLY);
  try {
    writeSync(fd, `<3>${text}\n`);
  } finally {
    closeSync(fd);
  }
}
