/**
 * One agent a state folder: two that write one outbox give one number to two events. The lock is a symbolic link that points
 * nowhere and whose text names its holder: it is made in one step, text and all, and needs no room on a full disk. A holder
 * that was killed bars nobody, for a process is its id and its start in one boot. It keeps out a second unit or a shell, not
 * two agents that find a dead one's lock in the same instant, nor one in a container that cannot see the other's processes.
 */
import { readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError, errorText } from './errors.ts';
import type { Log } from './log.ts';
import { isDiskRefusing, makeFolder } from './state-file.ts';
import { PROC, readBootId, readProcessStart } from './os/procfs.ts';

/** Another agent may come and go between two looks. */
const ATTEMPTS = 3;

/** Gives what unlocks the folder. Throws `AgentError` `state` when another agent has it, or there can be no such folder. */
export function lockState(directory: string, log: Log, proc = PROC): () => void {
  try {
    makeFolder(directory);
  } catch (error) {
    if (isDiskRefusing(error)) {
      log.error('state folder cannot be made: nothing is kept until it can', { directory, reason: errorText(error) });
      return () => {};
    }
    const mend = 'make it a folder that the agent may write, or set another `stateDir`';
    throw new AgentError('state', `${directory}: ${errorText(error)}; ${mend}`, error);
  }
  try {
    return lock(directory, incarnation(process.pid, proc) ?? String(process.pid), proc);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    // A disk that takes no link: to watch the node is worth more than to keep out an agent that is hardly there.
    log.warn('state folder cannot be locked: nothing keeps out a second agent', {
      directory,
      reason: errorText(error),
    });
    return () => {};
  }
}

function lock(directory: string, own: string, proc: string): () => void {
  const path = join(directory, 'lock');
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      symlinkSync(own, path);
      return () => unlock(path, own);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = readHolder(path);
    const pid = Number.parseInt(holder ?? '', 10);
    if (holder !== null && incarnation(pid, proc) === holder) throw inUse(directory, pid);
    rmSync(path, { force: true });
  }
  throw new Error(`${path} comes back as often as it is removed`);
}

function inUse(directory: string, pid: number): AgentError {
  const mend = 'stop it, or give this agent a `stateDir` of its own';
  return new AgentError('state', `${directory} is in use by another agent, process ${pid}: ${mend}`);
}

function unlock(path: string, own: string): void {
  if (readHolder(path) !== own) return;
  try {
    rmSync(path, { force: true });
  } catch {
    // It names a process that is about to end: the next agent removes it.
  }
}

/** Null: nobody, or nothing that an agent has made. */
function readHolder(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** A running process as it is told from a later one with its number; null when it does not run. */
function incarnation(pid: number, proc: string): string | null {
  const bootId = readBootId(proc);
  if (bootId === null) return isRunning(pid) ? String(pid) : null;
  const start = readProcessStart(proc, pid);
  return start === null ? null : `${pid}:${start}:${bootId}`;
}

/** Where there is no /proc. */
function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
