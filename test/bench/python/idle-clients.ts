import { StrictConnection } from '../../helpers/strict-client.ts';

// A program: opens connections, gets an answer on each, says so, and keeps them.
const [port, number] = process.argv.slice(2).map(Number);

const kept: StrictConnection[] = [];
while (kept.length < (number ?? 0)) {
  const batch = Array.from({ length: 100 }, () => StrictConnection.open({ port: port ?? 0 }));
  for (const connection of await Promise.all(batch)) {
    await connection.get('/');
    kept.push(connection);
  }
}
process.send?.('open');
setInterval(() => kept.length, 1000);
