export { fileCluster } from './file.ts';
