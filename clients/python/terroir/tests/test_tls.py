"""HTTPS: whom the client trusts."""

import os
import shutil
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import terroir

from .fake import FakeServer


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Trust(unittest.TestCase):
    """A team's server with a certificate of its own authority."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.certificate, key = Path(folder.name) / "certificate.pem", Path(folder.name) / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(self.certificate)],
                       check=True, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(self.certificate), str(key))
        self.server = FakeServer(tls=context)
        self.addCleanup(self.server.close)
        self.url = "https://localhost:%d" % self.server.port
        patch = mock.patch.dict(os.environ, https_proxy="http://127.0.0.1:9")  # Not for this machine.
        patch.start()
        self.addCleanup(patch.stop)
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            os.environ.pop(name, None)

    def test_the_usual_variables_name_the_authorities(self) -> None:
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            with mock.patch.dict(os.environ, {name: str(self.certificate)}):
                client = terroir.connect(endpoint=self.url, token="t")
                self.assertEqual("fake", client.about()["workspace"])

    def test_one_that_is_not_trusted_gets_no_token_and_is_not_asked_again(self) -> None:
        begin = time.monotonic()
        with self.assertRaises(terroir.Unavailable) as raised:
            terroir.connect(endpoint=self.url, token="t")
        self.assertLess(time.monotonic() - begin, 10)
        self.assertIn("certificate", str(raised.exception))
        self.assertEqual([], self.server.http.seen)


if __name__ == "__main__":
    unittest.main()
