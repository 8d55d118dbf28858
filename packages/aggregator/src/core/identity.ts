/** Is this still the hardware that was accepted? Names are reused, boards are swapped: acting on the wrong one is worst. */
import type { Hardware } from '@trivet/shared/model/node.ts';
import type { InventoryRow } from '@trivet/shared/model/observation.ts';
import type { Identity } from './facts.ts';

/**
 * A GPU that is missing is a fault, not another identity: only a UUID that was never accepted, or another chassis serial,
 * makes a mismatch. A change while the node is in repair is expected, and waits for somebody to accept it.
 */
export function compareIdentity(
  accepted: Hardware | null,
  seen: Hardware | null,
  inventory: InventoryRow | null,
): Identity | null {
  if (seen === null) return accepted === null ? null : 'ok';
  const changed = differsFromInventory(seen, inventory) || (accepted !== null && differs(accepted, seen));
  if (!changed) return 'ok';
  return inventory?.lifecycle === 'in-repair' ? 'pending' : 'mismatch';
}

function differs(accepted: Hardware, seen: Hardware): boolean {
  if (accepted.serial !== null && seen.serial !== null && accepted.serial !== seen.serial) return true;
  const known = uuidsOf(accepted);
  const fresh = uuidsOf(seen).filter((uuid) => !known.includes(uuid)).length;
  // A GPU that was accepted before its UUID could be read may show it now; with none accepted, all are seen first.
  return accepted.gpus.length > 0 && fresh > accepted.gpus.length - known.length;
}

function uuidsOf({ gpus }: Hardware): string[] {
  return gpus.map(({ uuid }) => uuid).filter((uuid) => uuid !== null);
}

function differsFromInventory(seen: Hardware, inventory: InventoryRow | null): boolean {
  const serial = inventory?.serial ?? null;
  return serial !== null && seen.serial !== null && serial !== seen.serial;
}

/** What is kept as accepted after this pass: the first hardware seen, and what was learned of it since. */
export function acceptHardware(
  accepted: Hardware | null,
  seen: Hardware | null,
  identity: Identity | null,
): Hardware | null {
  if (seen === null || identity !== 'ok') return accepted;
  if (accepted === null) return seen;
  // A GPU that has dropped off stays part of the identity: it is expected back.
  const gpus = uuidsOf(accepted).length >= uuidsOf(seen).length ? accepted.gpus : seen.gpus;
  return { serial: accepted.serial ?? seen.serial, gpus };
}
