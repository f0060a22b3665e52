"""A real SMTP server (aiosmtpd) on a free loopback port, for tests: prints the port, then serves until it is killed.

smtp_server.py FOLDER MODE [CERTIFICATE KEY]      MODE: starttls, tls, plain, starttls-no-auth
What it receives lies in FOLDER as 1.json, 2.json, ... (sender, recipients, login, tls, message in base64).
Recipients by name: refuse-*@ 550, later-*@ 450, closing-*@ 421; data-later-*@ and data-refuse-*@ after the message.
"""
import asyncio
import base64
import json
import logging
import os
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

logging.disable(logging.WARNING)
warnings.simplefilter("ignore")  # it advises against what these tests are about

USER, PASSWORD = b"hub@example.org", b"right horse"


class Keep:
    def __init__(self, folder):
        self.folder, self.count = folder, 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        for prefix, reply in (("refuse-", "550 5.1.1 No such user"), ("later-", "450 4.2.1 Try later"),
                              ("closing-", "421 4.3.2 Closing")):
            if name.startswith(prefix):
                return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = envelope.rcpt_tos[0].split("@")[0]
        if name.startswith("data-later-"):
            return "451 4.7.1 Greylisted"
        if name.startswith("data-refuse-"):
            return "554 5.6.0 Not wanted"
        self.count += 1
        path = os.path.join(self.folder, "%d.json" % self.count)
        with open(path + ".part", "w") as file:
            json.dump({"from": envelope.mail_from, "to": envelope.rcpt_tos, "hello": session.host_name,
                       "login": bool(session.authenticated), "tls": server.transport.get_extra_info("ssl_object") is not None,
                       "message": base64.b64encode(envelope.original_content).decode()}, file)
        os.rename(path + ".part", path)
        print("mail", flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.login == USER and data.password == PASSWORD
    # handled=False: aiosmtpd then says 535 itself
    return AuthResult(success=good, handled=good)


def main():
    folder, mode = sys.argv[1:3]
    context = None
    if len(sys.argv) > 3:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
    starttls, implicit = mode.startswith("starttls"), mode == "tls"
    login = mode in ("starttls", "tls")
    keep = Keep(folder)

    def session():
        return SMTP(keep, hostname="service.test", tls_context=context if starttls else None, require_starttls=starttls,
                    authenticator=authenticate if login else None, auth_required=login, auth_require_tls=starttls)

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(session, "127.0.0.1", 0, ssl=context if implicit else None))
    print(server.sockets[0].getsockname()[1], flush=True)
    loop.run_forever()


main()
