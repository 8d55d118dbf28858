/**
 * Opens an outbox: reads what is there, takes damage away, counts it, and says it. Nothing is given up silently. A disk that
 * takes nothing does not keep the agent from starting: what is to be written waits until it is written, and before that
 * nothing is appended. A folder that cannot be read, or that is not ours to write, is an error.
 */
import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError, errorText } from '../errors.ts';
import type { Log } from '../log.ts';
import { isDiskRefusing, makeFolder, writeFileAtomic } from '../state-file.ts';
import { loadIdentity, saveIdentity } from './identity.ts';
import { OUTBOX_MAX_BYTES, Outbox } from './outbox.ts';
import { NO_PROGRESS, ProgressFile } from './progress.ts';
import type { Progress } from './progress.ts';
import type { Segment } from './segment-queue.ts';
import { RECORD_MIN_BYTES, encodeLine, readSegment, segmentFiles } from './segment.ts';
import type { Cursor, SegmentContent } from './segment.ts';

export interface OutboxOptions {
  readonly node: string;
  readonly log: Log;
  readonly maxBytes?: number;
}

interface Found {
  readonly segments: readonly Segment[];
  readonly progress: Progress;
  readonly progressFile: ProgressFile;
  readonly cursors: ReadonlyMap<string, string>;
  /** What has to be written to make the disk say the same, in this order. */
  readonly steps: readonly (() => void)[];
}

/** Throws `AgentError` `state` when the folder cannot be used. */
export function openOutbox(directory: string, { node, log, maxBytes = OUTBOX_MAX_BYTES }: OutboxOptions): Outbox {
  try {
    const { identity, origin } = loadIdentity(directory, node);
    const found = find(directory, log);
    const { steps, ...kept } = origin === 'other-node' ? discard(directory, found, log) : found;
    if (origin === 'damaged') log.error('outbox identity was damaged: new agent id, waiting events may arrive twice');
    const settle = inOrder([
      () => makeFolder(directory),
      ...steps,
      ...(origin === 'kept' ? [] : [() => saveIdentity(directory, identity)]),
    ]);
    tryNow(settle, directory, log);
    return new Outbox({ directory, maxBytes, log, identity, settle, ...kept });
  } catch (error) {
    const mend = 'make the folder writable for the agent, or set another `stateDir`';
    throw new AgentError('state', `outbox ${directory}: ${errorText(error)}; ${mend}`, error);
  }
}

/** Each step once, however often it is called: a later call goes on with the one that threw. */
function inOrder(steps: readonly (() => void)[]): () => void {
  let done = 0;
  return () => {
    for (const step of steps.slice(done)) {
      step();
      done += 1;
    }
  };
}

function tryNow(settle: () => void, directory: string, log: Log): void {
  try {
    settle();
  } catch (error) {
    if (!isDiskRefusing(error)) throw error;
    const reason = errorText(error);
    log.error('the disk takes nothing: events are kept in memory until it does', { directory, reason });
  }
}

function find(directory: string, log: Log): Found {
  const { file: progressFile, progress: read } = ProgressFile.open(join(directory, 'progress'));
  if (read === 'damaged')
    log.error('outbox progress was damaged: waiting events are sent again, the count of lost events begins anew');
  const before = read === 'damaged' || read === null ? NO_PROGRESS : read;
  const segments: Segment[] = [];
  const cursors = new Map<string, string>();
  const mends: (() => void)[] = [];
  let { lost, next } = before;
  for (const { path, first } of segmentFiles(directory)) {
    const content = readSegment(path, first);
    for (const { source, position } of newestCursors(content)) cursors.set(source, position);
    const seqs = content.events.map(({ seq }) => seq);
    // As many numbers as the damaged bytes can have held may be in use: they are not given out again.
    next = Math.max(next, (seqs.at(-1) ?? first - 1) + 1 + Math.ceil(content.damagedTailBytes / RECORD_MIN_BYTES));
    const mended = content.header !== null && content.damagedBytes === 0 ? null : mend(path, first, content, cursors);
    segments.push({ path, first, seqs, bytes: mended?.bytes ?? content.bytes });
    if (mended === null) continue;
    lost += content.lostEvents;
    mends.push(mended.write);
    const { damagedBytes, lostEvents } = content;
    log.warn('outbox segment was damaged and is mended', { path, damagedBytes, lostEvents });
  }
  const progress = { ...before, lost, next: Math.max(next, before.done + 1) };
  // The count first: a crash in between counts twice rather than never.
  const steps = mends.length === 0 ? [] : [() => progressFile.save(progress), ...mends];
  return { segments, progress, progressFile, cursors, steps };
}

/** What the former node's agent still has to say, it will say itself. */
function discard(directory: string, found: Found, log: Log): Found {
  const { progressFile } = found;
  const waiting = found.segments.flatMap(({ seqs }) => seqs.filter((seq) => seq > found.progress.done)).length;
  log.error('this folder is of another node: new agent id, its waiting events are dropped', { directory, waiting });
  const progress = { ...NO_PROGRESS, lost: waiting };
  const steps = [
    () => found.segments.forEach(({ path }) => rmSync(path, { force: true })),
    () => progressFile.save(progress),
  ];
  return { segments: [], progress, progressFile, cursors: new Map(), steps };
}

function newestCursors({ header, events }: SegmentContent): readonly Cursor[] {
  const ofEvents = events.flatMap(({ cursor }) => (cursor === undefined ? [] : [cursor]));
  return [...(header?.cursors ?? []), ...ofEvents];
}

/**
 * What a cut write has left is behind the last event: cut off in place, for which a full disk has room. Anything else is
 * written anew; a header lost to damage gets the cursors known so far, those of its own events and of older segments.
 */
function mend(
  path: string,
  first: number,
  content: SegmentContent,
  cursors: ReadonlyMap<string, string>,
): { readonly bytes: number; readonly write: () => void } {
  const { header, damagedBytes, damagedTailBytes } = content;
  if (header !== null && damagedBytes === damagedTailBytes) {
    const bytes = content.bytes - damagedTailBytes;
    return { bytes, write: () => truncateSync(path, bytes) };
  }
  const known = [...cursors].map(([source, position]) => ({ source, position }));
  const lines = [header ?? { v: 1 as const, first, cursors: known }, ...content.events];
  const whole = Buffer.concat(lines.map(encodeLine));
  return { bytes: whole.length, write: () => writeFileAtomic(path, whole) };
}
