/**
 * Frames of one connection on their way to being handled, at a bounded rate. While they have to wait the socket is not read,
 * so that what is too much stays with the agent.
 */
import { performance } from 'node:perf_hooks';
import type { WebSocket } from 'ws';

/** Arrived in one read of the socket while it was being paused; more than one read can hold means that pausing failed. */
const WAITING_MAX = 4_096;
/** An agent sends one message in ten seconds; a full outbox after an outage comes as a burst. */
const MESSAGES_PER_SECOND = 50;
const MESSAGES_BURST = 500;

export class Inbox {
  readonly #socket: WebSocket;
  readonly #handle: (frame: string) => void;
  readonly #mustWait: () => boolean;
  readonly #waiting: string[] = [];
  #tokens = MESSAGES_BURST;
  #tokensAtMs = performance.now();
  #refill: NodeJS.Timeout | null = null;
  #ended = false;

  /** `mustWait` is asked before each frame; whoever made it true calls `drain` when it no longer is. */
  constructor(socket: WebSocket, handle: (frame: string) => void, mustWait: () => boolean) {
    this.#socket = socket;
    this.#handle = handle;
    this.#mustWait = mustWait;
  }

  /** False when more is waiting than may. */
  push(frame: string): boolean {
    this.#waiting.push(frame);
    if (this.#waiting.length > WAITING_MAX) return false;
    this.drain();
    return true;
  }

  drain(): void {
    while (!this.#ended && !this.#mustWait() && !this.#overRate()) {
      const frame = this.#waiting.shift();
      if (frame === undefined) {
        if (this.#socket.isPaused) this.#socket.resume();
        return;
      }
      this.#tokens -= 1;
      this.#handle(frame);
    }
    if (!this.#ended) this.#socket.pause();
  }

  /** Handles nothing more. */
  end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
    if (this.#refill !== null) clearTimeout(this.#refill);
    // A paused socket would never read the peer's answer to a close.
    this.#socket.resume();
  }

  #overRate(): boolean {
    const nowMs = performance.now();
    const earned = ((nowMs - this.#tokensAtMs) / 1000) * MESSAGES_PER_SECOND;
    this.#tokens = Math.min(MESSAGES_BURST, this.#tokens + earned);
    this.#tokensAtMs = nowMs;
    if (this.#tokens >= 1) return false;
    this.#refill ??= setTimeout(() => {
      this.#refill = null;
      this.drain();
    }, 1000 / MESSAGES_PER_SECOND);
    return true;
  }
}
