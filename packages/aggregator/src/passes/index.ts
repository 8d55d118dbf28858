/** The pass folder: evidence of what was seen, derived and decided. */
export { runPass, type PassOutcome, type PassRequest } from './run.ts';
export {
  explainNode,
  listPasses,
  readPass,
  readSet,
  type Explanation,
  type PassDetail,
  type PassHead,
} from './read.ts';
