import { createServer } from 'node:http';
import hello from './hello.js';

createServer(hello).listen(Number(process.env.PORT), '127.0.0.1');
