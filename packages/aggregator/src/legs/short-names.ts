/**
 * The join key of the legs is the node's name, and one source writes it with its domain where another does not. A domain
 * is taken off only where configuration lists it: `gpu-1.sjc.example` and `gpu-1.fra.example` are two machines.
 */
import type { LegReader } from '../core/legs.ts';

/** `domains` without a leading dot, for example `sjc.example`. Two rows that become one name are doubled, as any two are. */
export function withShortNames<Row extends { readonly node: string }>(
  reader: LegReader<Row>,
  domains: readonly string[],
): LegReader<Row> {
  if (domains.length === 0) return reader;
  return {
    name: reader.name,
    observe: async (cluster) => {
      const observation = await reader.observe(cluster);
      return { ...observation, rows: observation.rows.map((row) => ({ ...row, node: shortName(row.node, domains) })) };
    },
  };
}

/** The longest that fits, so that the order of the list does not matter. */
export function shortName(node: string, domains: readonly string[]): string {
  const fitting = domains.filter((domain) => node.length > domain.length + 1 && node.endsWith(`.${domain}`));
  const longest = fitting.reduce((best, domain) => (domain.length > best.length ? domain : best), '');
  return longest === '' ? node : node.slice(0, -longest.length - 1);
}
