/** A host on which all is well, for tests. */
import type { HostSample, KernelModule } from './report.ts';

const live = (version: string): KernelModule => ({ state: 'live', version });

const HOST: HostSample = {
  kernel: '6.8.0-49-generic',
  bootId: '8e5dfd5b-0000-4000-8000-3a2a0c1b9d11',
  uptimeSeconds: 86_400,
  pciGpus: [],
  modules: { nvidia: live('580.95.05'), amdgpu: { state: 'absent', version: null } },
  memoryControllers: [],
  forcedReadOnly: [],
};

export function hostFixture(over: Partial<HostSample> = {}): HostSample {
  return { ...HOST, ...over };
}
