import Koa from 'koa';

const app = new Koa();
app.use((ctx) => {
  ctx.body = 'Hello from Koa\n';
});

export default app;
