/**
 * `trivet-agent`, the program: node with the settings of V8 that suit a small daemon, however it was started. They size the heap
 * and its threads, which exist before the first line of ours runs, so the process becomes itself once more with them
 * (execve: the same pid, nothing to supervise, some 40 ms); a service file or an image need not know about it. Flags that
 * whoever starts it gives stay as they are. docs/measurements.md has what each is worth.
 */

/**
 * - A young generation of 1 MB instead of 16: what a poll leaves behind is collected by the next.
 * - No optimising and no baseline compiler: their code takes 2 MB, and at a poll every ten seconds making it costs more than it saves.
 * - No threads of V8's own: four compile and collect in the background for programs that are in a hurry, each with its memory.
 */
const FLAGS = ['--max-semi-space-size=1', '--single-threaded', '--no-opt', '--no-sparkplug'];

/**
 * For glibc's malloc; others pass it over. Blocks of a tool's output are given back to the kernel when they are freed, and no arena
 * is made for a thread: by default the first large block that is freed teaches malloc to keep all later ones of its size.
 */
const MALLOC = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '131072' };

function nameOf(flag: string): string {
  return flag.split('=', 1)[0] ?? flag;
}

/** Does not come back where it could be done. */
function becomeSmall(): void {
  const given = new Set(process.execArgv.map(nameOf));
  const missing = FLAGS.filter((flag) => !given.has(nameOf(flag)));
  if (missing.length === 0) return;
  try {
    const args = [process.execPath, ...process.execArgv, ...missing, ...process.argv.slice(1)];
    process.execve?.(process.execPath, args, { ...MALLOC, ...process.env });
  } catch {
    // Not here (not POSIX, or not permitted): it runs all the same, with more memory.
  }
}

/** They are ours alone: the tools and checks that we start are not to be slower for them. */
function forgetMalloc(): void {
  for (const [name, value] of Object.entries(MALLOC)) if (process.env[name] === value) delete process.env[name];
}

becomeSmall();
forgetMalloc();
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
