/** The pass folder: evidence of what was seen, derived and decided. */
export { runPass, type PassOutcome, type PassRequest } from './run.ts';
export {
  listPasses,
  passFolder,
  readFolder,
  readPass,
  readSet,
  readSetOf,
  type PassDetail,
  type PassHead,
} from './read.ts';
export { DEFAULT_PASS_RETENTION, passKeeper, type PassRetention } from './keep.ts';
export { explainNode, type Explanation } from './explain.ts';
