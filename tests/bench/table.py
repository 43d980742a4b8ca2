"""What was measured, beside what it is to be.

A row is one quantity: a value per column, and a budget. Speed depends on the machine, so its
budgets compare two columns of the same run: podis, and whatever it is measured against. Bytes and
instructions do not, so theirs are plain numbers.
"""


class Unit:
    def __init__(self, name, form, less_is_better):
        self.name, self.form, self.less_is_better = name, form, less_is_better

    def show(self, value):
        return '–' if value is None else self.form(value)


def per_second(value):
    return f'{value / 1e6:.2f} M' if value >= 1e6 else f'{value / 1e3:.0f} k'


RATE = Unit('requests/s', per_second, False)
CPU = Unit('µs', lambda value: f'{value:.2f}', True)
BYTES = Unit('B', lambda value: f'{value:.0f}', True)
MEGABYTES = Unit('MB', lambda value: f'{value / 1e6:.2f}', True)
MS = Unit('ms', lambda value: f'{value * 1000:.1f}', True)
LATENCY = Unit('µs', lambda value: f'{value:.0f}', True)
SHARE = Unit('%', lambda value: f'{value * 100:.1f}', True)
COUNT = Unit('', lambda value: f'{value:,.0f}', True)


class Row:
    def __init__(self, name, unit, values, against='redis', ratio=None, times=None, more=None,
                 at_most=None, judged=True):
        """against: the column that podis is compared with. ratio: podis to that, where the
        values' own is not the best estimate. Of the budgets at most one: times, the ratio that is
        to be reached (or, where less is better, not to be passed); more, how much podis may be
        above the other; at_most, a number. None: not measured, no budget. judged: whether the
        figures were taken under conditions that allow a verdict."""
        self.name, self.unit, self.values, self.against = name, unit, values, against
        self.given_ratio = ratio
        self.times, self.more, self.at_most = times, more, at_most
        self.judged = judged

    def pair(self):
        """podis's value and the one it is compared with, if there are both."""
        both = self.values.get('podis'), self.values.get(self.against)
        return None if None in both or both[1] == 0 else both

    def ratio(self):
        if self.given_ratio is not None:
            return self.given_ratio
        return self.pair()[0] / self.pair()[1] if self.pair() else None

    def budget(self):
        sign = '≤' if self.unit.less_is_better else '≥'
        if self.times is not None:
            return f'{sign} {self.times:.2f} × {self.against}'
        if self.more is not None:
            return f'{sign} {self.against} + {self.unit.show(self.more)}'
        return '' if self.at_most is None else f'≤ {self.unit.show(self.at_most)}'

    def met(self):
        """True, False, or None where there is no budget or no value."""
        if self.times is not None and self.ratio() is not None:
            less = self.ratio() <= self.times
            return less if self.unit.less_is_better else self.ratio() >= self.times
        if self.more is not None and self.pair():
            return self.pair()[0] <= self.pair()[1] + self.more
        if self.at_most is not None and self.values.get('podis') is not None:
            return self.values['podis'] <= self.at_most
        return None


def verdict(row):
    if row.met() is None:
        return ''
    if not row.judged:
        return 'not judged'
    return 'met' if row.met() else 'MISSED'


def cells(row, names):
    ratio = row.ratio()
    title = f'{row.name}, {row.unit.name}' if row.unit.name else row.name
    return [title, *(row.unit.show(row.values.get(name)) for name in names),
            '–' if ratio is None else f'{ratio:.2f} × {row.against}', row.budget(),
            verdict(row)]


def heading(names):
    return ['', *names, 'podis is', 'budget', '']


def as_text(rows, names):
    lines = [heading(names), *(cells(row, names) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    out = []
    for line in lines:
        first = line[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))
        out.append('  '.join([first, *rest]).rstrip())
    return '\n'.join(out)


def as_markdown(rows, names):
    head = heading(names)
    rule = ['---', *['---:'] * (len(names) + 1), '---', '---']
    lines = [head, rule, *(cells(row, names) for row in rows)]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)
