/** Clusters that can be read, one file each. */
export { fileCluster } from './file.ts';
