"""The learners of the demonstration school, as the development directory knows them."""

from __future__ import annotations

from akako.kernel.core.ports import DirectoryUser

JANUARY_2026 = 1_767_225_600_000  # ms since 1970
FIRST = """
Abena Adwoa Aïcha Akua Alice Amadou Ana Bilal Chloé Daniel David Efua Elif Emma Fatou Felix
Grace Hana Ibrahim Ines João Jonas Kwame Lena Lucía Malik Maria Nadia Noah Omar Sofia Yaw
"""
LAST = """
Addo Agyeman Ansah Appiah Asante Bello Chen Diallo García Haddad Kovač Müller Nguyễn Okafor
Osei Øster Quartey Rossi Sarpong Silva Tetteh Traoré Yeboah Zakari
"""
NUMBER = 64


def _person(number: int) -> DirectoryUser:
    clerk_id = f"user_demo_{number:02d}"
    first, last = FIRST.split(), LAST.split()
    email = f"demo{number:02d}@school.example"
    return DirectoryUser(
        id=clerk_id,
        primary_email=email,
        emails=(email,),
        first_name=first[number % len(first)],
        last_name=last[(number * 7 + number // len(first)) % len(last)],
        created_at=JANUARY_2026,
        updated_at=JANUARY_2026,
    )


DEMO_PEOPLE = {person.id: person for person in map(_person, range(1, NUMBER + 1))}
