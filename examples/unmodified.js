import { createServer } from 'node:http';

// A script that knows nothing of tsgun: in a worker, listen() lands on tsgun's listeners.
createServer((_req, res) => {
  res.end('Hello from a script that calls listen()\n');
}).listen(3000);
