import cluster from 'node:cluster';
import { createServer } from 'node:http';
import hello from './hello.js';

if (cluster.isPrimary) {
  for (let count = 0; count < 2; count += 1) cluster.fork();
} else {
  createServer(hello).listen(Number(process.env.PORT), '127.0.0.1');
}
