/** Opens an outbox: reads what is there, takes damage away, counts it, and says it. Nothing is given up silently. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError, errorText } from '../errors.ts';
import type { Log } from '../log.ts';
import { readJsonFile, writeFileAtomic } from '../state-file.ts';
import { loadIdentity, saveIdentity } from './identity.ts';
import { OUTBOX_MAX_BYTES, Outbox, saveProgress } from './outbox.ts';
import type { Progress, Segment } from './outbox.ts';
import { RECORD_MIN_BYTES, encodeLine, readSegment } from './segment.ts';
import type { Cursor, SegmentContent } from './segment.ts';

export interface OutboxOptions {
  readonly node: string;
  readonly log: Log;
  readonly maxBytes?: number;
}

interface Found {
  readonly segments: readonly Segment[];
  readonly progress: Progress;
  readonly cursors: ReadonlyMap<string, string>;
}

/** Throws `AgentError` `state` when the folder cannot be used. */
export function openOutbox(directory: string, { node, log, maxBytes = OUTBOX_MAX_BYTES }: OutboxOptions): Outbox {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { identity, origin } = loadIdentity(directory, node);
    const found = find(directory, log);
    const kept = origin === 'other-node' ? discard(directory, found, log) : found;
    if (origin === 'damaged') log.error('outbox identity was damaged: new agent id, waiting events may arrive twice');
    if (origin !== 'kept') saveIdentity(directory, identity);
    return new Outbox({ directory, maxBytes, log, identity, ...kept });
  } catch (error) {
    const mend = 'make the folder writable for the agent, or set another `stateDir`';
    throw new AgentError('state', `outbox ${directory}: ${errorText(error)}; ${mend}`, error);
  }
}

function find(directory: string, log: Log): Found {
  const before = readProgress(directory, log);
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
    const sound = content.header !== null && content.damagedBytes === 0;
    const whole = sound ? null : encodeSegment(first, content, cursors);
    segments.push({ path, first, seqs, bytes: whole?.length ?? content.bytes });
    if (whole === null) continue;
    lost += content.lostEvents;
    mends.push(() => writeFileAtomic(path, whole));
    const { damagedBytes, lostEvents } = content;
    log.warn('outbox segment was damaged and is mended', { path, damagedBytes, lostEvents });
  }
  const progress = { done: before.done, lost, next: Math.max(next, before.done + 1) };
  // The count first: a crash in between counts twice rather than never.
  if (mends.length > 0) saveProgress(directory, progress);
  for (const mend of mends) mend();
  return { segments, progress, cursors };
}

/** What the former node's agent still has to say, it will say itself. */
function discard(directory: string, found: Found, log: Log): Found {
  const waiting = found.segments.flatMap(({ seqs }) => seqs.filter((seq) => seq > found.progress.done)).length;
  log.error('this folder is of another node: new agent id, its waiting events are dropped', { directory, waiting });
  for (const { path } of found.segments) rmSync(path, { force: true });
  const progress = { done: 0, lost: waiting, next: 1 };
  saveProgress(directory, progress);
  return { segments: [], progress, cursors: new Map() };
}

function segmentFiles(directory: string): { readonly path: string; readonly first: number }[] {
  return readdirSync(directory)
    .flatMap((name) => {
      const digits = /^(\d{16})\.log$/.exec(name)?.[1];
      return digits === undefined ? [] : [{ path: join(directory, name), first: Number(digits) }];
    })
    .sort((a, b) => a.first - b.first);
}

function newestCursors({ header, events }: SegmentContent): readonly Cursor[] {
  const ofEvents = events.flatMap(({ cursor }) => (cursor === undefined ? [] : [cursor]));
  return [...(header?.cursors ?? []), ...ofEvents];
}

/** A header lost to damage gets the cursors known so far: those of its own events and of older segments. */
function encodeSegment(first: number, content: SegmentContent, cursors: ReadonlyMap<string, string>): Buffer {
  const known = [...cursors].map(([source, position]) => ({ source, position }));
  const header = content.header ?? { v: 1, first, cursors: known };
  return Buffer.concat([encodeLine(header), ...content.events.map(encodeLine)]);
}

function readProgress(directory: string, log: Log): Progress {
  const file = readJsonFile(join(directory, 'progress.json'));
  if (file === undefined) return { done: 0, lost: 0, next: 1 };
  if ('value' in file && isProgress(file.value)) return file.value;
  log.error('outbox progress was damaged: waiting events are sent again, the count of lost events begins anew');
  return { done: 0, lost: 0, next: 1 };
}

function isProgress(value: unknown): value is Progress {
  if (typeof value !== 'object' || value === null) return false;
  const counts = [
    'done' in value ? value.done : null,
    'lost' in value ? value.lost : null,
    'next' in value ? value.next : null,
  ];
  return counts.every((count) => typeof count === 'number' && Number.isSafeInteger(count) && count >= 0);
}
