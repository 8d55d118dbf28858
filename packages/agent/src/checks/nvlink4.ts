/**
 * Reads the registers of an NVLink error of A100 and H100 (Xid 74): `link 14(0x0, 0x0, 0x10000, …)`, seven of them, of which
 * the first, third, fourth and fifth are described (NVIDIA XID catalog, WORKFLOW_NVLINK_ERR). A bit that is not described
 * leaves the line undecoded.
 */
type Outcome = 'link' | 'fabric' | 'ecc' | 'sympathetic' | 'ignore';

/** Strongest first: the first of them that a set bit calls for is the line's. */
const ORDER: readonly Outcome[] = ['link', 'fabric', 'ecc', 'sympathetic', 'ignore'];

type BitTable = Partial<Record<Outcome, readonly number[]>>;

/** Bits by register, counted from the first as 0. */
const REGISTERS: ReadonlyMap<number, BitTable> = new Map<number, BitTable>([
  [
    0,
    {
      link: [8, 9, 12, 16, 17, 21, 22, 24, 27, 28, 29],
      ecc: [4, 5],
      sympathetic: [1, 20],
      ignore: [0, 23, 30],
    },
  ],
  [2, { link: [13, 16, 17, 18, 19], ecc: [0, 1, 2, 6] }],
  [3, { fabric: [18], sympathetic: [16, 17] }],
  [4, { ecc: [18, 19, 21, 22, 24, 25, 27, 28], ignore: [20, 23, 26, 29] }],
]);

const LINE =
  /\blink\s{0,4}\d{1,3}\s?\((0x[0-9a-f]{1,8}), ?(0x[0-9a-f]{1,8}), ?(0x[0-9a-f]{1,8}), ?(0x[0-9a-f]{1,8}), ?(0x[0-9a-f]{1,8}), ?(0x[0-9a-f]{1,8}), ?(0x[0-9a-f]{1,8})\)/i;

function setBits(register: number): number[] {
  return Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => ((register >>> bit) & 1) === 1);
}

function outcomeOfBit(table: BitTable, bit: number): Outcome | null {
  return ORDER.find((outcome) => table[outcome]?.includes(bit) === true) ?? null;
}

/** Null: no registers, none set, or a bit without a description. */
export function decodeNvlink4(detail: string): Outcome | null {
  const found = LINE.exec(detail);
  if (found === null) return null;
  const outcomes = found.slice(1).flatMap((hex, register) => {
    const table = REGISTERS.get(register) ?? {};
    return setBits(Number.parseInt(hex, 16)).map((bit) => outcomeOfBit(table, bit));
  });
  if (outcomes.includes(null)) return null;
  return ORDER.find((outcome) => outcomes.includes(outcome)) ?? null;
}
