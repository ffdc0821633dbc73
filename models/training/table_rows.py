"""The scaling of a table's features, fitted on the training rows that are used, block by block.

Tested by tests/models/training/test_table_rows.py.
"""

from models.inputs.contract import InputContract
from models.inputs.table_recipe import TableRecipe
from models.inputs.table_scaling import TableFit, TableScaling
from models.training import batches
from models.training.rows import PartRows
from pipeline.datasets.dataset import DataSet
from pipeline.errors import SettingsError


def table_scaling(
    dataset: DataSet, contract: InputContract, rows: PartRows, recipe: TableRecipe | None
) -> TableScaling | None:
    """Return the scaling that a recipe asks for; None where it asks for none.

    Parameters
    ----------
    dataset : DataSet
        Of a table: its cutouts are of one pixel, a channel a feature.
    contract : InputContract
        Which features are taken.
    rows : PartRows
        Of the training part; rows that are not used decide nothing.
    recipe : TableRecipe or None
        Of the classifier.

    Raises
    ------
    SettingsError
        If the data set is none of a table.
    DataSetError
        If a feature is missing in all rows that are used.
    """
    if recipe is None:
        return None
    if contract.size_pixel != 1:
        raise SettingsError(
            f"'table' is of features; the data set has cutouts of {contract.size_pixel} pixels a side; allowed: none"
        )
    fit = TableFit(contract.channels, recipe, int(rows.used.sum()))
    for block in batches.blocks(dataset, contract, rows):
        fit.add(block.pixels[:, 0, 0])
    return fit.scaling()
