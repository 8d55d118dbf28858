export { fileInventory } from './file.ts';
