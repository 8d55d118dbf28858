/**
 * The daemon as main.ts starts it, but for one thing that no setting can do: it believes what user space has written into the
 * kernel log, because nobody else can write there for a test. Takes the daemon's own flags.
 */
import { parseArgs } from 'node:util';
import { startAgent } from '@trivet/agent/agent.ts';
import { SETTING_NAMES, dashed, loadConfig } from '@trivet/agent/config.ts';
import { createLog } from '@trivet/agent/log.ts';

const options = Object.fromEntries(SETTING_NAMES.map((name) => [dashed(name), { type: 'string' }] as const));
const { values } = parseArgs({ options });
const flags = Object.fromEntries(SETTING_NAMES.map((name) => [name, values[dashed(name)]] as const));
const config = await loadConfig(null, flags, {});
const log = createLog({ level: config.logLevel, now: Date.now, write: (line) => process.stderr.write(line) });
const agent = await startAgent(config, { log, acceptUserFacility: true });
process.once('SIGTERM', () => void agent.stop());
