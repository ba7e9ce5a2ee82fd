"""The sampler chain as a Qt list model: a thin adapter over the immutable chain of the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from app.core.sampling import (
    DEFAULT_ORDER,
    MAX_SEED,
    PARAMETERS,
    SAMPLERS,
    SamplerChain,
    SamplerKind,
    SamplingParameters,
)
from app.item_models.sampler_words import effect, is_idle

MIME_TYPE = "application/x-thinkpane-sampler"
"""What a drag carries: the row of the dragged stage as text. One stage is dragged at a time."""

_Index = QModelIndex | QPersistentModelIndex


class ChainRole(IntEnum):
    """What a stage can be asked for besides its name (`DisplayRole`) and help (`ToolTipRole`)."""

    NAME = Qt.ItemDataRole.UserRole + 1
    HELP = Qt.ItemDataRole.UserRole + 2
    IS_NEUTRAL = Qt.ItemDataRole.UserRole + 3
    """The stage does nothing with its present numbers."""
    VALUES = Qt.ItemDataRole.UserRole + 4
    """Its parameters: a dict of number by llama.cpp's name."""
    EFFECT = Qt.ItemDataRole.UserRole + 5
    """What it does with them, in a few words."""
    IS_IDLE = Qt.ItemDataRole.UserRole + 6
    """It changes nothing: neutral, or replaced by Mirostat."""


class SamplerChainModel(QAbstractListModel):
    """One row for each stage, in the order they are applied. Rows can be moved, by drag and drop too.

    Signals:
        chain_changed: The reader changed the chain; carries the new `SamplerChain`. `set_chain` does not emit it.
        parameters_changed: Numbers changed, by whichever way, also those that belong to no stage.
    """

    chain_changed = Signal(object)
    parameters_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chain = SamplerChain()

    @property
    def chain(self) -> SamplerChain:
        """The chain as it is now."""
        return self._chain

    def set_chain(self, chain: SamplerChain) -> None:
        """Show another chain."""
        if chain.order == self._chain.order:
            self._take_parameters(chain)
            return
        self.beginResetModel()
        self._chain = chain
        self.endResetModel()
        self.parameters_changed.emit()

    def move(self, source: int, target: int) -> bool:
        """Take the stage at `source` out and put it where index `target` is afterwards; False if that is nowhere."""
        rows = range(len(self._chain.order))
        if source not in rows or target not in rows or source == target:
            return False
        # Qt counts the destination before the row is taken out.
        return self.moveRows(QModelIndex(), source, 1, QModelIndex(), target + (target > source))

    def add(self, name: str, row: int | None = None) -> bool:
        """Put a sampler in at `row`, by default where llama.cpp has it; False if it is in already or unknown."""
        order = self._chain.order
        if name in order or name not in SAMPLERS:
            return False
        at = usual_row(name, order) if row is None else min(max(row, 0), len(order))
        self.beginInsertRows(QModelIndex(), at, at)
        self._chain = self._chain.added(name, at)
        self.endInsertRows()
        self.chain_changed.emit(self._chain)
        return True

    def remove(self, name: str) -> bool:
        """Take a sampler out, keeping its numbers; False if it is not in."""
        if name not in self._chain.order:
            return False
        row = self._chain.order.index(name)
        self.beginRemoveRows(QModelIndex(), row, row)
        self._chain = self._chain.removed(name)
        self.endRemoveRows()
        self.chain_changed.emit(self._chain)
        return True

    def set_value(self, name: str, value: float | None) -> bool:
        """Set a number by llama.cpp's name; False if it is not valid. Only the seed may be None: random."""
        if _fault(name, value):
            return False
        if value is not None and (name == "seed" or PARAMETERS[name].integer):
            value = int(value)
        if getattr(self._chain.parameters, name) != value:
            self._take_parameters(self._chain.with_values(**{name: value}))
            self.chain_changed.emit(self._chain)
        return True

    def _take_parameters(self, chain: SamplerChain) -> None:
        """Replace the chain by one of the same order."""
        before, self._chain = self._chain.parameters, chain
        if before == chain.parameters:
            return
        if self.rowCount():
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))
        self.parameters_changed.emit()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Stages in the chain."""
        return 0 if parent.isValid() else len(self._chain.order)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The name, the help, and the roles of `ChainRole`."""
        if not self.checkIndex(index, QAbstractListModel.CheckIndexOption.IndexIsValid):
            return None
        return _answer(SAMPLERS[self._chain.order[index.row()]], self._chain.parameters, role)

    def roleNames(self) -> dict[int, QByteArray]:
        """The roles of `ChainRole` by their names in lower case."""
        return {**super().roleNames(), **{int(role): QByteArray(role.name.lower().encode()) for role in ChainRole}}

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """A stage can be dragged; drops go between stages, never on one."""
        flags = super().flags(index)
        if index.isValid():
            return flags | Qt.ItemFlag.ItemIsDragEnabled | Qt.ItemFlag.ItemNeverHasChildren
        return flags | Qt.ItemFlag.ItemIsDropEnabled

    def moveRows(
        self, sourceParent: _Index, sourceRow: int, count: int, destinationParent: _Index, destinationChild: int
    ) -> bool:
        """Qt's own way to move: `destinationChild` counts before the rows are taken out."""
        size = len(self._chain.order)
        inside = 0 <= sourceRow <= size - count and 0 <= destinationChild <= size
        if sourceParent.isValid() or destinationParent.isValid() or count < 1 or not inside:
            return False
        if not self.beginMoveRows(QModelIndex(), sourceRow, sourceRow + count - 1, QModelIndex(), destinationChild):
            return False
        order = list(self._chain.order)
        block = order[sourceRow : sourceRow + count]
        del order[sourceRow : sourceRow + count]
        at = destinationChild - count if destinationChild > sourceRow else destinationChild
        self._chain = SamplerChain((*order[:at], *block, *order[at:]), self._chain.parameters)
        self.endMoveRows()
        self.chain_changed.emit(self._chain)
        return True

    def supportedDropActions(self) -> Qt.DropAction:
        """A stage is in the chain once, so it only moves."""
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        """`MIME_TYPE` alone."""
        return [MIME_TYPE]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The first of `indexes` as a drag."""
        data = QMimeData()
        for index in indexes[:1]:
            data.setData(MIME_TYPE, str(index.row()).encode())
        return data

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: _Index) -> bool:
        """Move the dragged stage before `row` (-1: to the end)."""
        size = len(self._chain.order)
        source = _dragged_row(data)
        if action != Qt.DropAction.MoveAction or parent.isValid() or source not in range(size):
            return False
        before = size if row < 0 else min(row, size)
        return self.move(source, before - (before > source))


def usual_row(name: str, order: Sequence[str]) -> int:
    """Where `name` goes in `order`: before the first stage that llama.cpp's default chain has after it, else last."""
    if name not in DEFAULT_ORDER:
        return len(order)
    later = DEFAULT_ORDER[DEFAULT_ORDER.index(name) + 1 :]
    return next((row for row, stage in enumerate(order) if stage in later), len(order))


def _answer(kind: SamplerKind, values: SamplingParameters, role: int) -> Any:
    match role:
        case Qt.ItemDataRole.DisplayRole | ChainRole.NAME:
            return kind.name
        case Qt.ItemDataRole.ToolTipRole | ChainRole.HELP:
            return kind.help
        case ChainRole.IS_NEUTRAL:
            return kind.is_neutral(values)
        case ChainRole.IS_IDLE:
            return is_idle(kind, values)
        case ChainRole.EFFECT:
            return effect(kind, values)
        case ChainRole.VALUES:
            return _values(kind, values)
        case Qt.ItemDataRole.AccessibleTextRole:
            return f"{kind.name}, {effect(kind, values)}"
    return None


def _values(kind: SamplerKind, values: SamplingParameters) -> Mapping[str, float]:
    return {parameter.name: getattr(values, parameter.name) for parameter in kind.parameters}


def _fault(name: str, value: float | None) -> str:
    """Why `value` cannot be used for `name`; empty when it can."""
    if name == "seed":
        fits = value is None or (value == int(value) and 0 <= value <= MAX_SEED)
        return "" if fits else f"seed must be between 0 and {MAX_SEED}, not {value}."
    if name not in PARAMETERS:
        return f"{name} is not a parameter of a sampler."
    return PARAMETERS[name].fault(value)


def _dragged_row(data: QMimeData) -> int:
    """The row in a drag of ours; -1 if it is another's."""
    text = bytes(data.data(MIME_TYPE).data()).decode("ascii", "replace")
    return int(text) if text.isdecimal() else -1
