/** GPUs as amd-smi numbers them, and how a reading of a board is taken from those that it consists of. */
import type { Reading } from '@trivet/shared/model/gpu.ts';
import type { JsonObject } from './amd-json.ts';
import { count, highest, read, valueAt } from './amd-reading.ts';
import type { Parse, ValueAt } from './amd-reading.ts';

/** A logical GPU: its entries under the names of the subcommands they come from. */
export interface LogicalGpu {
  readonly index: number;
  readonly partitionId: number | null;
  readonly pciBusId: string | null;
  readonly entry: JsonObject;
}

export function at(board: readonly LogicalGpu[], ...paths: readonly string[]): ValueAt[] {
  return board.flatMap(({ entry }) => paths.map((path) => valueAt(entry, path)));
}

export function of<T>(board: readonly LogicalGpu[], parse: Parse<T>, ...paths: readonly string[]): Reading<T> {
  return read(at(board, ...paths), parse);
}

/** Of a counter that each logical GPU may show. */
export function counter(board: readonly LogicalGpu[], ...paths: readonly string[]): Reading<number> {
  return highest(board.map((logical) => of([logical], count, ...paths)));
}
