/**
 * Bounds that both ends of the protocol keep. The agent reads them here, because it does not load `schema.ts`; whoever
 * receives a message refuses what is over them, so nothing that an agent says can grow without end.
 */

/** One DNS label (RFC 1123), lower case. */
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
export const NODE_NAME = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`);
export const NODE_NAME_RULE = 'RFC 1123: lower-case letters, digits, "-" and ".", at most 253 characters';

/** What an `ask` may name: a word that is safe as a file name, a label and a part of a finding's code. */
export const CHECK_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
export const CHECK_NAME_RULE = 'lower-case letters, digits and "-", at most 63 characters';

/** Ids that we make (UUIDs, hashes) and names that vendors give (GPU-<uuid>, serials): the longest seen has 40 characters. */
export const ID_MAX = 128;
/** A sentence for a person: reasons, the catalogue's rules. */
export const TEXT_MAX = 4096;

/** A node carries 8 or 16 GPUs; this leaves room for hosts with many small ones, and no more. */
export const GPUS_MAX = 256;
/** One for a channel and socket: the largest hosts have some dozens. */
export const MEMORY_CONTROLLERS_MAX = 64;
/** One an adapter, two at most; a node has 8 to 16, and virtual functions besides. */
export const RDMA_PORTS_MAX = 128;
/** 18 on Hopper and Blackwell. */
export const NVLINKS_MAX = 64;
/** Seven today (NVIDIA MIG); twice as many and more compute instances are still well inside. */
export const MIG_DEVICES_MAX = 64;
/** The driver names 19 parts of an AMD chip that count errors of their own (amd-smi 7.1). */
export const AMD_BLOCKS_MAX = 64;
export const FINDINGS_MAX = 1024;
export const COLLECTORS_MAX = 64;
/** In one frame. */
export const EVENTS_MAX = 256;

/** An event's body: far above a kernel record with its decoded fields (about 1.5 KiB). */
export const EVENT_BODY_KEYS_MAX = 64;
export const EVENT_BODY_DEPTH_MAX = 8;
export const EVENT_BODY_MAX_BYTES = 64 * 1024;

/** An aggregator may ask for slower or faster reports, within reason: a typing error must not silence or flood a fleet. */
export const INTERVAL_MIN_MS = 100;
export const INTERVAL_MAX_MS = 3_600_000;
