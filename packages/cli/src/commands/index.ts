/** Every command, one line each. A command's file describes its flags; what it does is loaded when it is called. */
import { check } from './check.ts';
import { demo } from './demo.ts';

export const COMMANDS = {
  check,
  demo,
};
