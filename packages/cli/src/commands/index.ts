/** Every command, one line each. A command's file describes its flags; what it does is loaded when it is called. */
import { check } from './check.ts';
import { demo } from './demo.ts';
import { explain } from './explain.ts';
import { pass } from './pass.ts';
import { run } from './run.ts';
import { sets } from './sets.ts';

export const COMMANDS = {
  check,
  demo,
  explain,
  pass,
  run,
  sets,
};
