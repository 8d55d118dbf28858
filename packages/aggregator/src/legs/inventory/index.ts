/** Sources of inventory, one file each. */
export { fileInventory } from './file.ts';
