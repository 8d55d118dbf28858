/**
 * Safety's own numbers. No policy, flag or argument changes them; a policy can only be tighter. Reasons: docs/safety.md.
 */

/** Unavailable nodes in any population larger than SMALL_POPULATION, in percent. */
export const UNAVAILABLE_MAX_PERCENT = 25;
/** A quarter of ten or fewer is not a useful number: there the budget's own floor and the last-node rule hold. */
export const SMALL_POPULATION = 10;

/** New cordons in one pass: at most this many, or this share of E where that is more. */
export const PASS_CORDONS_MIN = 5;
export const PASS_CORDONS_PER_THOUSAND = 5;

/** New cordons in an hour. */
export const HOUR_CORDONS_MIN = 20;
export const HOUR_CORDONS_PER_THOUSAND = 20;

/** Clocks of one site differ by less; a time further ahead than this is not known to be recent. */
export const CLOCK_SKEW_MAX_SECONDS = 60;

/** Below this share of E reporting, or of the largest inventory ever accepted, the picture is not complete. */
export const COMPLETE_MIN_PERCENT = 90;
