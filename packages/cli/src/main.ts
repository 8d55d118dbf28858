#!/usr/bin/env node
console.log('trivet', process.version);
