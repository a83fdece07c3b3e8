"""A headless Chromium, spoken to by its DevTools protocol: enough to do what a person does with a
keyboard."""

import base64
import json
import shutil
import subprocess
import time
import urllib.request

import websocket

from kit.mosquitto import free_port
from kit.waiting import soon


def find():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Chromium:
    def __init__(self, folder, width=390, height=844):
        port = free_port()
        self.process = subprocess.Popen(
            [
                find(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                f"--user-data-dir={folder}",
                "--no-first-run",
                f"--remote-debugging-port={port}",
                f"--window-size={width},{height}",
                "--remote-allow-origins=*",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def pages():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
                    return [page for page in json.load(answer) if page["type"] == "page"]
            except OSError:
                return []

        self.socket = websocket.create_connection(
            soon(pages, 30)[0]["webSocketDebuggerUrl"], timeout=30
        )
        self.n, self.problems = 0, []
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2,
            mobile=True,
        )
        self.ask("Runtime.enable")
        self.ask("Log.enable")
        self.ask("Page.enable")

    def ask(self, method, **params):
        self.n += 1
        self.socket.send(json.dumps({"id": self.n, "method": method, "params": params}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.problems.append(answer["params"])
            if answer.get("id") == self.n:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url):
        self.ask("Page.navigate", url=url)
        assert soon(lambda: self.run("document.readyState") == "complete")

    def run(self, script):
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def text(self, element):
        return self.run(f"document.getElementById('{element}').innerText")

    def key(self, key, code=0, text=""):
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **({"text": text} if text and kind == "keyDown" else {}),
            )

    def tab(self):
        self.key("Tab", 9)

    def enter(self):
        self.key("Enter", 13, "\r")

    def type(self, text):
        self.run("document.activeElement.select?.()")
        self.ask("Input.insertText", text=text)

    def focus(self):
        return self.run("(e => e.id || e.name || e.textContent)(document.activeElement)")

    def tab_to(self, name):
        """By keyboard alone; fails if it can't be reached in 40 steps."""
        for _ in range(40):
            if self.focus() == name:
                return
            self.tab()
        raise AssertionError(f"{name} can't be reached by the keyboard")

    def names(self):
        """(role, accessible name) of everything that a screen reader lets one operate."""
        nodes = self.ask("Accessibility.getFullAXTree")["nodes"]
        roles = {
            "button",
            "switch",
            "textbox",
            "slider",
            "combobox",
            "spinbutton",
            "InputTime",
            "image",
            "link",
        }
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes
                if not node.get("ignored") and node["role"]["value"] in roles]

    def scheme(self, name):
        self.ask(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}]
        )

    def shoot(self, path):
        time.sleep(0.3)
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(20)
