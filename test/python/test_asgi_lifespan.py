"""The lifespan protocol: apps that know it, that do not, and that fail."""

from __future__ import annotations

import asyncio
import unittest
from typing import Any

from tsgun_python.asgi_lifespan import Lifespan, LifespanError


class LifespanTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.logged: list[tuple[str, str]] = []
        self.seen: list[Any] = []

    def lifespan(self, app: Any, mode: str = "auto") -> Lifespan:
        return Lifespan(app, mode, lambda level, text: self.logged.append((level, text)))

    async def good(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen += [scope["type"], scope["asgi"]["version"]]
        self.seen.append((await receive())["type"])
        scope["state"]["db"] = "open"
        await send({"type": "lifespan.startup.complete"})
        self.seen.append((await receive())["type"])
        await send({"type": "lifespan.shutdown.complete"})

    async def test_from_start_to_end(self) -> None:
        for mode in ("auto", "on"):
            lifespan = self.lifespan(self.good, mode)
            await lifespan.start()
            self.assertEqual(lifespan.state, {"db": "open"})
            self.assertEqual(self.seen, ["lifespan", "3.0", "lifespan.startup"])
            await lifespan.stop(5)
            self.assertEqual(self.seen.pop(), "lifespan.shutdown")
            self.seen.clear()
        self.assertEqual(self.logged, [])

    async def test_off(self) -> None:
        lifespan = self.lifespan(self.good, "off")
        await lifespan.start()
        await lifespan.stop(5)
        self.assertEqual((lifespan.state, self.seen), (None, []))

    async def test_app_that_does_not_know_it(self) -> None:
        async def raises(scope: Any, receive: Any, send: Any) -> None:
            raise AssertionError("only http")

        async def returns(scope: Any, receive: Any, send: Any) -> None:
            return

        for app, why in ((raises, "AssertionError: only http"), (returns, "it returned")):
            lifespan = self.lifespan(app)
            await lifespan.start()
            self.assertIsNone(lifespan.state)
            self.assertIn(why, self.logged[0][1])
            await lifespan.stop(5)
            with self.assertRaisesRegex(LifespanError, why) as caught:
                await self.lifespan(app, "on").start()
            self.assertEqual("in raises" in caught.exception.stack, app is raises)
            self.logged.clear()

    async def test_startup_that_fails(self) -> None:
        for text, why in (("", "does not say why"), ("Traceback\n  x\nValueError: no\n", "ValueError")):

            async def app(scope: Any, receive: Any, send: Any) -> None:
                await receive()
                await send({"type": "lifespan.startup.failed", "message": text})
                raise ValueError("and it raises as well")

            for mode in ("auto", "on"):
                with self.assertRaisesRegex(LifespanError, f"startup failed: .*{why}") as caught:
                    await self.lifespan(app, mode).start()
                self.assertEqual(caught.exception.stack, text)

    async def test_system_exit(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise SystemExit(3)

        with self.assertRaisesRegex(LifespanError, "SystemExit: 3"):
            await self.lifespan(app, "on").start()

    async def test_early_end(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "lifespan.startup.complete"})
            await asyncio.sleep(0.01)
            raise ValueError("in the middle")

        lifespan = self.lifespan(app)
        await lifespan.start()
        await asyncio.sleep(0.03)
        self.assertIn("in the middle", self.logged[0][1])
        await lifespan.stop(5)

    async def test_shutdown_that_fails_or_hangs(self) -> None:
        for last in ("failed", "raises", "hangs"):
            self.logged.clear()
            lifespan = self.lifespan(self.ending(last))
            await lifespan.start()
            await lifespan.stop(0.05)
            [(level, text)] = self.logged
            self.assertEqual(level, "error")
            self.assertIn("longer than" if last == "hangs" else "disk full", text)

    def ending(self, last: str) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            if last == "failed":
                await send({"type": "lifespan.shutdown.failed", "message": "disk full"})
            elif last == "raises":
                raise OSError("disk full")
            else:
                await asyncio.sleep(60)

        return app

    async def test_words_that_make_no_sense(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "lifespan.startup.done"})

        with self.assertRaisesRegex(LifespanError, "Unexpected ASGI message"):
            await self.lifespan(app, "on").start()


if __name__ == "__main__":
    unittest.main()
