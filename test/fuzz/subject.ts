/** What is fuzzed: a source of documents, each damaged in its own way, with what must hold of the agent's answer. */
import type { Random } from '@trivet/simulator/random.ts';

export interface Outcome {
  /** What was done to what, in words. */
  readonly made: string;
  /** What the agent was given. */
  readonly input: string;
  /** What does not hold; empty when all does. */
  readonly failures: readonly string[];
  /** For the statistics. */
  readonly verdict: string;
}

export interface Subject {
  readonly name: string;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** One document from one stream of random numbers: the same stream gives the same document. Never rejects for what the code under test does. */
  readonly run: (random: Random) => Promise<Outcome>;
}
