/**
 * Kernel messages made events. One reader, every record once: the cursor (boot id and sequence number, or position in a file)
 * is given back to whoever keeps it, so that a restart repeats nothing. What was overwritten before it was read is said and
 * makes the log `unknown` for a while; what cannot be parsed is counted and skipped.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { KERNEL_LOG } from '../checks/check.ts';
import type { KernelEvent } from '../checks/kernel-event.ts';
import { errorText } from '../errors.ts';
import { openKernelLog } from '../os/kernel-log.ts';
import type { KernelLogPlace, KernelLogReader, KernelLogTurn } from '../os/kernel-log.ts';
import { PROC, readBootId, readUptimeSeconds } from '../os/procfs.ts';
import type { Collected, Collector } from './collector.ts';
import { continuesMessage, expectsMore, parseKernelText } from './kernel-line.ts';
import { parseRecord, unframe } from './kernel-record.ts';

export const KMSG_PATH = '/dev/kmsg';

/** Opaque to whoever keeps it. */
export interface KernelCursor {
  readonly path: string;
  readonly bootId: string;
  /** Sequence number of the newest record that was read, or bytes read of a file. */
  readonly seq: number;
}

/** Since the collector was made. */
export interface KernelLogCounters {
  readonly records: number;
  /** Records missing between two sequence numbers. */
  readonly lost: number;
  readonly overruns: number;
  /** Written by user space under the kernel's name. */
  readonly forged: number;
  readonly malformed: number;
  /** Lines that mention an Xid and could not be read as one: a newer driver's words, or a quotation. */
  readonly unreadXids: number;
}

export interface KernelLogSample {
  /** New since the last collect, oldest first. */
  readonly events: readonly KernelEvent[];
  readonly counters: KernelLogCounters;
  readonly cursor: KernelCursor | null;
}

export interface KernelLogMachine {
  readonly open: (place: KernelLogPlace) => KernelLogReader;
  readonly bootId: () => string | null;
  readonly nowMs: () => number;
  readonly uptimeSeconds: () => number | null;
}

export interface KernelLogOptions {
  readonly path?: string;
  readonly cursor?: KernelCursor | null;
  /** False to read what is there once. */
  readonly follow?: boolean;
  /** For tests: only user space can inject lines, and its records do not have the kernel's facility. */
  readonly acceptUserFacility?: boolean;
  readonly machine?: KernelLogMachine;
}

const MACHINE: KernelLogMachine = {
  open: (place) => openKernelLog(place),
  bootId: () => readBootId(PROC),
  nowMs: () => Date.now(),
  uptimeSeconds: () => readUptimeSeconds(PROC),
};

/** A ring holds at most some 10⁵ records (log_buf_len 16 MiB); the rest comes with the next collect. */
const TURNS_MAX = 32;
/** A report interval: at least one report shows that a stretch of the log was lost. */
const LOSS_SHOWN_MS = 60_000;
/** A message of several rows; the kernel's own limit is 1 KiB a printk. */
const MESSAGE_MAX = 8 * 1024;

interface Message {
  readonly text: string;
  readonly at: string;
  readonly seq: number | null;
  /** Where a cursor stands that has not passed its first row. */
  readonly before: number;
}

/** A kernel log that can be asked at once, and for little, whether a collect would bring anything. */
export interface KernelSource extends Collector<KernelLogSample> {
  /** Where it cannot be told, as after an error, there is something to be told. */
  hasNews?(): boolean;
}

export class KernelLogCollector implements KernelSource {
  readonly name = KERNEL_LOG;
  readonly #path: string;
  readonly #follow: boolean;
  readonly #acceptUser: boolean;
  readonly #machine: KernelLogMachine;
  readonly #counters = { records: 0, lost: 0, overruns: 0, forged: 0, malformed: 0, unreadXids: 0 };
  #cursor: KernelCursor | null;
  #reader: KernelLogReader | null = null;
  /** Read to see whether there is anything: the next collect begins with it. */
  #glanced: (() => KernelLogTurn) | null = null;
  #lossShownUntilMs = 0;
  #events: KernelEvent[] = [];
  /** The newest message, kept back because the next row may continue it. */
  #message: Message | null = null;
  /** A record of the device's own was read: the first read of a kernel log brings the oldest one at once. */
  #hasSpoken = false;

  constructor(options: KernelLogOptions = {}) {
    this.#path = options.path ?? KMSG_PATH;
    this.#cursor = options.cursor?.path === this.#path ? options.cursor : null;
    this.#follow = options.follow ?? true;
    this.#acceptUser = options.acceptUserFacility ?? false;
    this.#machine = options.machine ?? MACHINE;
  }

  /** As of the last collect; null before anything was read. */
  get cursor(): KernelCursor | null {
    // A message kept back was given to nobody: a restart has to read it again.
    if (this.#cursor === null || this.#message === null) return this.#cursor;
    return { ...this.#cursor, seq: this.#message.before };
  }

  hasNews(): boolean {
    if (this.#reader === null || this.#glanced !== null) return true;
    try {
      const read = this.#reader.read();
      if (!read.more && this.#isIdle(this.#reader, read)) return false;
      this.#glanced = () => read;
    } catch (error) {
      this.#glanced = () => {
        throw error;
      };
    }
    return true;
  }

  async collect(signal?: AbortSignal): Promise<Collected<KernelLogSample>> {
    let failure: string | null = null;
    try {
      await this.#drain(signal);
    } catch (error) {
      failure = reason(this.#path, error);
      this.close();
    }
    // A row of a followed log whose second half may come with the next collect.
    if (!this.#follow || !expectsMore(this.#message?.text ?? '')) this.#finishMessage();
    const sample = { events: this.#events, counters: { ...this.#counters }, cursor: this.cursor };
    this.#events = [];
    const problem = failure ?? this.#problem();
    return problem === null ? { state: 'ok', sample } : { state: 'unknown', reason: problem, sample };
  }

  #problem(): string | null {
    if (this.#reader?.kind === 'device' && !this.#hasSpoken) {
      return `${this.#path} gave no kernel record: name the kernel log (--kernel-log FILE)`;
    }
    const leftMs = this.#lossShownUntilMs - this.#machine.nowMs();
    // More than was set: the clock was put back since.
    if (leftMs <= 0 || leftMs > LOSS_SHOWN_MS) return null;
    const { lost, overruns } = this.#counters;
    return `kernel messages were overwritten before they could be read (${lost} counted, ${overruns} overruns): what they said is not known`;
  }

  close(): void {
    this.#reader?.close();
    this.#reader = null;
    this.#glanced = null;
  }

  async #drain(signal: AbortSignal | undefined): Promise<void> {
    this.#reader ??= this.#machine.open({
      path: this.#path,
      position: this.#cursor?.seq ?? 0,
      follow: this.#follow,
    });
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      const glanced = this.#glanced;
      this.#glanced = null;
      const read = glanced === null ? this.#reader.read() : glanced();
      if (!this.#isIdle(this.#reader, read)) this.#take(this.#reader, read, this.#machine.bootId());
      if (!read.more || signal?.aborted === true) return;
      await nextTurn();
    }
  }

  /** Nothing new, as nearly always: then not even the boot is asked for, which would cost more than the look itself. */
  #isIdle(reader: KernelLogReader, { lines, overruns }: KernelLogTurn): boolean {
    if (lines.length > 0 || overruns > 0) return false;
    return reader.kind === 'device' || reader.position() === this.#cursor?.seq;
  }

  #take(reader: KernelLogReader, { lines, starts, overruns }: KernelLogTurn, bootId: string | null): void {
    const nowMs = this.#machine.nowMs();
    const clock = { nowMs, bootMs: nowMs - (this.#machine.uptimeSeconds() ?? 0) * 1000 };
    // A device counts anew at every boot; a file does not.
    if (reader.kind === 'device' && this.#cursor?.bootId !== bootId) this.#cursor = null;
    this.#counters.overruns += overruns;
    const lostBefore = this.#counters.lost;
    for (const [index, line] of lines.entries()) {
      if (reader.kind === 'device') this.#takeRecord(line, clock, bootId);
      else this.#takeRow(line, starts[index] ?? reader.position(), clock);
    }
    if (overruns > 0 && this.#counters.lost === lostBefore) this.#lose(null, null);
    if (reader.kind === 'file') this.#cursor = { path: this.#path, bootId: bootId ?? '', seq: reader.position() };
  }

  #takeRecord(line: string, clock: { nowMs: number; bootMs: number }, bootId: string | null): void {
    const record = parseRecord(line);
    if (record === null) {
      this.#counters.malformed += 1;
      return;
    }
    this.#hasSpoken = true;
    const last = this.#cursor?.seq ?? null;
    // Read before the restart.
    if (last !== null && record.seq <= last) return;
    if (last !== null && record.seq > last + 1) this.#lose(record.seq - last - 1, record.seq);
    this.#cursor = { path: this.#path, bootId: bootId ?? '', seq: record.seq };
    this.#counters.records += 1;
    if (this.#isForged(record.facility)) return;
    const at = new Date(clock.bootMs + record.microseconds / 1000).toISOString();
    this.#addRow({ text: record.text, at, seq: record.seq, before: record.seq - 1 }, record.continuation);
  }

  #takeRow(line: string, start: number, clock: { nowMs: number; bootMs: number }): void {
    this.#counters.records += 1;
    const record = parseRecord(line);
    if (record !== null && this.#isForged(record.facility)) return;
    const row =
      record === null ? unframe(line, clock) : { text: record.text, atMs: clock.bootMs + record.microseconds / 1000 };
    const atMs = row.atMs === null || row.atMs > clock.nowMs ? clock.nowMs : row.atMs;
    const at = new Date(atMs).toISOString();
    const message = { text: row.text, at, seq: record?.seq ?? null, before: start };
    // Journals indent the further lines of a message, whosever it is: alone they are nobody's.
    if (/^\s/.test(line) && !this.#isContinued(message.text)) return;
    this.#addRow(message, record?.continuation ?? false);
  }

  #isForged(facility: number): boolean {
    if (facility === 0 || this.#acceptUser) return false;
    this.#counters.forged += 1;
    return true;
  }

  #lose(count: number | null, seq: number | null): void {
    const nowMs = this.#machine.nowMs();
    this.#counters.lost += count ?? 0;
    this.#lossShownUntilMs = nowMs + LOSS_SHOWN_MS;
    this.#finishMessage();
    const text = `${count ?? 'an unknown number of'} kernel records were overwritten before they were read`;
    this.#events.push({ kind: 'lost-records', at: new Date(nowMs).toISOString(), kernelSeq: seq, text, count });
  }

  #isContinued(text: string): boolean {
    return this.#message !== null && continuesMessage(this.#message.text, text);
  }

  #addRow(row: Message, isContinuation: boolean): void {
    const before = this.#message;
    const joins = before !== null && (isContinuation || this.#isContinued(row.text));
    if (joins && before.text.length + row.text.length < MESSAGE_MAX) {
      this.#message = { ...before, text: before.text + (isContinuation ? '' : '\n') + row.text };
      return;
    }
    this.#finishMessage();
    this.#message = row;
  }

  #finishMessage(): void {
    if (this.#message === null) return;
    const { text, at, seq } = this.#message;
    this.#message = null;
    const event = parseKernelText(text, at, seq);
    if (event !== null) this.#events.push(event);
    else if (text.includes('Xid')) this.#counters.unreadXids += 1;
  }
}

/** What failed, and how to mend it. */
function reason(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT') {
    return `${path} does not exist: mount the host's /dev/kmsg into the container, or name a log file (--kernel-log FILE)`;
  }
  if (code === 'EPERM' || code === 'EACCES') {
    return `${path} may not be read: run as root or with CAP_SYSLOG (needed where kernel.dmesg_restrict is 1), in a container with the device allowed`;
  }
  return `${path} could not be read: ${errorText(error)}`;
}
