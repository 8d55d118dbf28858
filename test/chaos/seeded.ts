/** Mulberry32: a seeded generator, so that a failing round can be run again. Numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Kills of a test; TRIVET_CHAOS_ROUNDS asks for another number: hundreds for a night, few by default. */
export function chaosRounds(byDefault: number): number {
  return Number(process.env['TRIVET_CHAOS_ROUNDS'] ?? byDefault);
}
