import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readModuleState } from './module-state.ts';

describe('readModuleState', () => {
  const sys = mkdtempSync(join(tmpdir(), 'trivet-sys-'));
  afterAll(() => rmSync(sys, { recursive: true }));

  it('tells a driver that is loading from one that is not there, and neither from no /sys', () => {
    expect(readModuleState(sys, 'amdgpu')).toBe('unknown');
    mkdirSync(join(sys, 'module/amdgpu'), { recursive: true });
    expect(readModuleState(sys, 'nvidia')).toBe('absent');
    expect(readModuleState(sys, 'amdgpu')).toBe('built-in');
    for (const [word, state] of [
      ['coming', 'loading'],
      ['live', 'live'],
      ['going', 'unloading'],
    ] as const) {
      writeFileSync(join(sys, 'module/amdgpu/initstate'), `${word}\n`);
      expect(readModuleState(sys, 'amdgpu')).toBe(state);
    }
  });
});
