/**
 * NVSwitch SXid numbers. The line itself says fatal or not; the table adds what its number means. What a switch reports
 * concerns every GPU behind it, so nothing here drains a node by itself: it is for a person, one host fault apart.
 */
import { entries } from './entry.ts';
import type { CatalogueEntry } from './entry.ts';

const SOURCE = 'NVSwitch error list as gpud keeps it; captured lines';

export const SXIDS = entries('sxid', [
  {
    codes: '11012 11021-11023 12021 12023 15008 15011 19049 19055 19057 19059 19062 19065 19068 19071 24001-24003',
    title: 'Corrected ECC error in the switch',
    class: 'ignore',
    reason: 'Corrected where it arose.',
    source: SOURCE,
  },
  {
    codes: '11004 12028 19084',
    title: 'Not fatal by name, but traffic stands still',
    class: 'domain',
    urgency: 'soon',
    strength: 'soft',
    reason:
      'Jobs hang on it all the same; gpud calls 19084 fatal against its own line. Cured by resetting all GPUs and switches, which a person starts.',
    source: SOURCE,
  },
  {
    codes: '20012 22012 12030',
    title: 'May be noise of a shutdown',
    class: 'watch',
    strength: 'soft',
    reason: 'Seen when peers go down on purpose; only the context tells.',
    source: SOURCE,
  },
  {
    codes: '20001 20009 22013 28002 28006',
    title: 'Link quality',
    class: 'watch',
    strength: 'soft',
    reason: 'Retries hide it; its rate is a hint of a cable or transceiver.',
    source: SOURCE,
  },
  {
    codes: '10003',
    title: 'Host interface of the switch failed',
    class: 'reboot',
    urgency: 'now',
    reason: 'Always fatal: the host has lost the switch, and with it the fabric of the whole node.',
    source: SOURCE,
  },
  {
    codes: '10001 10002',
    title: 'Host interface error of the switch',
    class: 'watch',
    strength: 'soft',
    reason: 'Recoverable by name; when it is not, 10003 follows.',
    source: SOURCE,
  },
  {
    codes: '10004 10005',
    title: 'Switch too warm: begin or end',
    class: 'ignore',
    reason: 'A matter of cooling, shown so that somebody looks at it.',
    source: SOURCE,
  },
  {
    codes: '26006-26008',
    title: "The switch's own processor (SOE) halted or timed out",
    class: 'domain',
    urgency: 'soon',
    strength: 'soft',
    reason: 'The switch goes on forwarding but is not managed any more; a reset of the fabric loads it anew.',
    source: `${SOURCE}; NVSentinel`,
  },
  {
    codes: '20034 24007 14017 11001-11020 12001-12032 15001-15013 19047-19070 23001-23017 24004-24006 22003 22011',
    title: 'Fatal switch, port or link error',
    class: 'domain',
    urgency: 'soon',
    strength: 'soft',
    reason:
      'Needs a reset of the fabric, all GPUs on the switch included. Twelve seconds after an Xid 79 it is only that GPU going away.',
    source: SOURCE,
  },
]);

/** A number that the table does not know, on a line that calls itself fatal. */
export function fatalSxid(code: string): CatalogueEntry {
  return {
    code,
    title: 'Fatal switch error with a number that the catalogue does not know',
    class: 'domain',
    action: 'reset-fabric',
    urgency: 'soon',
    strength: 'soft',
    reason: 'The line itself says fatal; the number says no more. For a person.',
    source: SOURCE,
  };
}
