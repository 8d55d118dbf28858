/** RDMA ports (InfiniBand, RoCE). An adapter is no reason to reset a GPU, and its switch or cable is as likely: for a person to look at. */
import { entries } from './entry.ts';

const SYSFS = 'Linux /sys/class/infiniband';

export const INFINIBAND = entries('infiniband', [
  {
    codes: 'port-down',
    title: 'An RDMA port is down that was up here',
    class: 'watch',
    strength: 'soft',
    reason:
      'Down for four minutes, as gpud counts it, and over after two minutes up. Only ports that this node has shown up: NVSentinel condemned nodes for auxiliary and management ports that nobody had connected.',
    source: `${SYSFS}; gpud; NVSentinel`,
  },
  {
    codes: 'flapping',
    title: 'An RDMA port goes down and up',
    class: 'watch',
    strength: 'soft',
    reason:
      'Three times in ten minutes, and over when it has been quiet for ten. gpud keeps it until somebody clears it by hand, and nodes stayed drained for ever; jobs survive one, a collective seldom survives three.',
    source: `${SYSFS} (link_downed); gpud`,
  },
  {
    codes: 'slow',
    title: 'An RDMA port is slower than it was here',
    class: 'watch',
    strength: 'soft',
    reason: 'It was trained with fewer lanes or at a lower speed: a cable, a switch port or the adapter.',
    source: SYSFS,
  },
]);
