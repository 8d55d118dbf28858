/** Runs documents in a thread of its own, so that one that never ends can be told and stopped from outside. */
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { fuzzOne, subjects } from './subjects.ts';

const job = z
  .object({
    seed: z.int(),
    from: z.int(),
    to: z.int(),
    only: z.string().nullable(),
    current: z.instanceof(SharedArrayBuffer),
  })
  .parse(workerData);
const current = new Int32Array(job.current);
const among = subjects().filter(({ name }) => job.only === null || job.only === name);

for (let document = job.from; document < job.to; document++) {
  Atomics.store(current, 0, document);
  const begunMs = performance.now();
  const { subject, verdict, failures, made, input } = await fuzzOne(among, job.seed, document);
  const tookMs = performance.now() - begunMs;
  const told = {
    document,
    key: `${subject} ${verdict}`,
    tookMs,
    ...(failures.length === 0 ? {} : { failed: { made, input, failures } }),
  };
  parentPort?.postMessage(told, []);
}
