#!/usr/bin/env node
import { runWords } from './run-words.ts';

process.exit(await runWords(process.argv.slice(2)));
