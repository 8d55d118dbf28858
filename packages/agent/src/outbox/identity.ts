/**
 * Who this agent is and which stream its events belong to: an event's key in the store is (agentId, streamId, seq). Bound to
 * the node's name, because a disk image that carries its state directory to a second node would carry the keys too, and
 * the second node's events would be taken for repetitions of the first's.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readJsonFile, writeFileAtomic } from '../state-file.ts';

export interface Identity {
  readonly agentId: string;
  readonly streamId: string;
  readonly node: string;
}

export type IdentityOrigin = 'kept' | 'new' | 'damaged' | 'other-node';

/** One that is not `kept` is not saved yet: what belongs to the former one has to go first. */
export function loadIdentity(directory: string, node: string): { identity: Identity; origin: IdentityOrigin } {
  const file = readJsonFile(join(directory, 'identity.json'));
  const kept = file !== undefined && 'value' in file && isIdentity(file.value) ? file.value : undefined;
  if (kept !== undefined && kept.node === node) return { identity: kept, origin: 'kept' };
  const identity = { agentId: randomUUID(), streamId: randomUUID(), node };
  if (file === undefined) return { identity, origin: 'new' };
  return { identity, origin: kept === undefined ? 'damaged' : 'other-node' };
}

export function saveIdentity(directory: string, { agentId, streamId, node }: Identity): void {
  writeFileAtomic(join(directory, 'identity.json'), `${JSON.stringify({ v: 1, agentId, streamId, node })}\n`);
}

function isIdentity(value: unknown): value is Identity {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'agentId' in value &&
    typeof value.agentId === 'string' &&
    'streamId' in value &&
    typeof value.streamId === 'string' &&
    'node' in value &&
    typeof value.node === 'string'
  );
}
