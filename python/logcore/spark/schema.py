"""Arrow schemas as Spark's, for mapInArrow, which binds columns by position and refuses several Arrow types."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

__all__ = ["spark_schema"]


def spark_schema(schema: pa.Schema) -> StructType:
    """The StructType under which mapInArrow may yield batches of `schema`; every column is nullable.

    Raises TypeError for a type that Spark 3.5 or 4.1 refuses from Python: dictionary, views, large types, time in
    seconds or milliseconds, time without a zone.
    """
    return StructType([StructField(field.name, _spark_type(field.type, field.name)) for field in schema])


def _spark_type(arrow_type: pa.DataType, path: str) -> DataType:
    if pa.types.is_list(arrow_type):
        return ArrayType(_spark_type(arrow_type.value_type, f"{path}[]"))
    if pa.types.is_struct(arrow_type):
        members = [arrow_type.field(index) for index in range(arrow_type.num_fields)]
        return StructType([StructField(each.name, _spark_type(each.type, f"{path}.{each.name}")) for each in members])
    if pa.types.is_timestamp(arrow_type) and arrow_type.unit == "us" and arrow_type.tz is not None:
        return TimestampType()
    for same, spark_type in _SCALARS:
        if arrow_type.equals(same):
            return spark_type
    raise TypeError(f"column {path}: Spark takes no Arrow {arrow_type} from Python")


_SCALARS: list[tuple[pa.DataType, DataType]] = [
    (pa.string(), StringType()),
    (pa.binary(), BinaryType()),
    (pa.bool_(), BooleanType()),
    (pa.int32(), IntegerType()),
    (pa.int64(), LongType()),
    (pa.float32(), FloatType()),
    (pa.float64(), DoubleType()),
    (pa.date32(), DateType()),
]
