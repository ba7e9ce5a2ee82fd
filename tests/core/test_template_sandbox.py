"""What templates may do, and what they may not build."""

from __future__ import annotations

import pytest
from jinja2.exceptions import SecurityError

from app.core.template_sandbox import MAX_CHARACTERS, TemplateLimitError, TemplateSandbox, weigh

DOUBLED = "{% set ns = namespace(s='aaaa') %}{% for i in range(60) %}{% set ns.s = SUM %}{% endfor %}"
NESTED = "{% set ns = namespace(s='a') %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}"
LONG = "{% set s = 'a' * 1000000 %}"


def written(source: str, **variables: object) -> str:
    return TemplateSandbox().from_string(source).render(**variables)


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 10**9 }}",
        "{{ 10**9 * 'a' }}",
        "{{ [0] * 10**9 }}",
        "{{ 10**(10**8) }}",
        "{% set ns = namespace(x=2) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%*d' % (1000000000, 1) }}",
        "{{ '%.1000000000f' % 1.0 }}",
        "{{ '%(a)1000000000d' % {'a': 1} }}",
        "{{ '%((a))1000000000d' % {'(a)': 1} }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ '{:{w}}'.format(1, w=10**9) }}",
        "{{ '{a:>1000000000}'.format_map({'a': 1}) }}",
        "{{ 'a'.center(10**9) }}",
        "{{ 'a'['ljust'](10**9) }}",
        "{{ 'a'.zfill(10**9) }}",
        "{{ 'a'|center(1000000000) }}",
        "{{ '\n\n'|indent(1000000000) }}",
        "{{ 'x'|batch(10**9, 'y')|list }}",
        "{{ 1|round(10**9, 'ceil') }}",
        "{{ {'a': 1}|tojson(indent=10**9) }}",
        DOUBLED.replace("SUM", "ns.s ~ ns.s"),
        DOUBLED.replace("SUM", "ns.s + ns.s"),
        DOUBLED.replace("SUM", "ns.s|list + ns.s|list"),
        DOUBLED.replace("SUM", "'%s%s' % (ns.s, ns.s)"),
        DOUBLED.replace("SUM", "'{0}{0}'.format(ns.s)"),
        DOUBLED.replace("SUM", "ns.s.join(['', '', ''])"),
        DOUBLED.replace("SUM", "['', '', '']|join(ns.s)"),
        DOUBLED.replace("SUM", "ns.s.replace('a', 'aa')"),
        DOUBLED.replace("SUM", "ns.s|replace('a', 'aa')"),
        NESTED + "{{ ns.s }}",
        NESTED + "{{ ns.s|string }}",
        NESTED + "{{ ns.s|tojson }}",
        NESTED + "{{ '' ~ ns.s }}",
        NESTED + "{{ '%s' % ns.s }}",
        NESTED + "{{ '{}'.format(ns.s) }}",
        NESTED + "{{ {'a': ns.s}.items() }}",
        NESTED.replace("[ns.s, ns.s]", "namespace(a=ns.s, b=ns.s)") + "{{ ns.s }}",
        LONG + "{% for text in range(999)|map('replace', '0', s) %}{% endfor %}",
        LONG + "{% set x %}{% for i in range(9) %}{{ s }}{% endfor %}{% endset %}",
        LONG + "{% macro m() %}{% for i in range(9) %}{{ s }}{% endfor %}{% endmacro %}{{ m() }}",
        LONG + "{% filter upper %}{% for i in range(9) %}{{ s }}{% endfor %}{% endfilter %}",
    ],
)
def test_nothing_huge_can_be_built(source: str):
    with pytest.raises(TemplateLimitError):
        written(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ ''['__class__']['__mro__'] }}",
        "{{ (''|attr('__class__')).__mro__ }}",
        "{{ '{0.__class__.__mro__}'.format('') }}",
        "{{ refuse.__globals__.x }}",
        "{{ [].append(1) }}",
        "{{ 'a'.translate({97: 'bbbb'}) }}",
        "{{ (1).to_bytes(10, 'big') }}",
    ],
)
def test_there_is_no_way_out(source: str):
    with pytest.raises(SecurityError):
        written(source, refuse=lambda: None)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ {'a': '<é>', 'b': [1]}|tojson }}", '{"a": "<é>", "b": [1]}'),
        ("{{ {'b': 1, 'a': 2}|tojson(sort_keys=true, separators=(',', ':')) }}", '{"a":2,"b":1}'),
        ("{{ [1]|tojson(indent=2) }}", "[\n  1\n]"),
        ("{{ 'é'|tojson(ensure_ascii=true) }}", '"\\u00e9"'),
        ("{{ '<b>'|safe + '<i>' }}", "<b><i>"),
        ("{{ 'a' + nothing + 'b' + none }}", "ab"),
        ("{{ 'a' ~ 1 ~ nothing ~ [2] }}", "a1[2]"),
        ("{{ '-' * 3 + '%03d' % 7 }}", "---007"),
        ("{{ '{:>4}|{}'.format(1, 'x') }}", "   1|x"),
        ("{{ ', '.join(['a', 'b']) ~ ['c', 'd']|join('+') }}", "a, bc+d"),
        ("{{ [{'n': 1}, {'n': 2}]|join(',', attribute='n') }}", "1,2"),
        ("{{ [1, 2, 3]|map('string')|reverse|join }}", "321"),
        ("{{ messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|list }}", "['hi']"),
        ("{% for i in range(9) %}{% if i > 3 %}{% break %}{% endif %}{{ i }}{% endfor %}", "0123"),
        ("{% for i in range(3) %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "02"),
        ("a{% generation %}{{ 'b' }}{% endgeneration %}c", "abc"),
        ("{% set x %}a{{ 1 }}{% endset %}{{ x }}{% macro m(y) %}<{{ y }}>{% endmacro %}{{ m(x) }}", "a1<a1>"),
        ("  {% if true %}\n  x\n  {% endif %}\n", "  x\n"),
    ],
)
def test_what_real_templates_do_works(source: str, text: str):
    assert written(source, messages=[{"role": "user", "content": "hi"}]) == text


def test_weight_counts_what_would_be_written():
    assert weigh("abc") == 7
    assert weigh(["abc", "abc"]) == 18
    assert weigh({"key": 10**30}) > 30
    with pytest.raises(TemplateLimitError):
        weigh("a" * MAX_CHARACTERS)
