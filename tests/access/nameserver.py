"""A real DNS server on loopback that answers from a table, and the resolver that asks it.

    with Nameserver({"good.test": "127.0.0.1", "both.test": "127.0.0.1 ::1"}) as names:
        ...              # Web(..., resolve=names.resolve); afterwards names.asked holds what was asked for

A name with a list answers each question with the next of it, the last one again and again.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from types import TracebackType

import dns.asyncresolver
import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class Nameserver:
    def __init__(self, table: Mapping[str, str | list[str]]) -> None:
        self._table = {name: [known] if isinstance(known, str) else known for name, known in table.items()}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._serve, name="nameserver", daemon=True)
        self._answered: Counter[tuple[str, str]] = Counter()
        self.asked: list[str] = []

    def __enter__(self) -> Nameserver:
        self._socket.bind(("127.0.0.1", 0))
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stopper:
            stopper.sendto(b"", self._socket.getsockname())
        self._thread.join(10)
        self._socket.close()

    async def resolve(self, name: str) -> Sequence[str]:
        """Addresses of both kinds, as the system's resolver gives them."""
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self._socket.getsockname()[1]
        self.asked.append(name)
        questions = (
            resolver.resolve(f"{name}.", kind, raise_on_no_answer=False, lifetime=10) for kind in ("A", "AAAA")
        )
        try:
            answers = await asyncio.gather(*questions)
        except dns.exception.DNSException as error:
            raise OSError(f"{error}") from error
        return [record.to_text() for answer in answers if answer.rrset is not None for record in answer]

    def _serve(self) -> None:
        while True:
            data, client = self._socket.recvfrom(4096)
            if not data:
                return
            self._socket.sendto(self._answer(dns.message.from_wire(data)).to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        known = self._table.get(name)
        if known is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
            return response
        turn = min(self._answered[name, kind], len(known) - 1)
        self._answered[name, kind] += 1
        of_kind = [one for one in known[turn].split() if (ip_address(one).version == 6) == (kind == "AAAA")]
        if of_kind:
            response.answer.append(dns.rrset.from_text(question.name, 0, "IN", kind, *of_kind))
        return response
