import fastify from 'fastify';

const app = fastify();
app.get('/', () => 'Hello from Fastify\n');

export default app;
