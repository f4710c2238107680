import { setTimeout as delay } from 'node:timers/promises';

/** A plain Node handler: no framework, no listen(). */
export default async function hello(req, res) {
  if (req.url === '/sleep') await delay(1000);
  res.setHeader('Content-Type', 'text/plain');
  res.end(`Hello from worker ${process.env.TSGUN_WORKER_SLOT}, pid ${process.pid}\n`);
}
