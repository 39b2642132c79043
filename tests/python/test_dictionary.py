"""`classify(…, dictionary=True)`."""

from __future__ import annotations

import pyarrow as pa

from logcore import Classifier, Contract, Generator, Users


def test_dictionaries_hold_the_same_in_the_contracts_order() -> None:
    contract = Contract.server_logs()
    users = Users.generate(contract, seed=1)
    classifier = Classifier(contract, users)
    batch = Generator(contract, users, seed=1).batch(5000)
    plain, encoded = classifier.classify(batch), classifier.classify(batch, dictionary=True)
    assert encoded.num_rows == 5000
    as_dictionary = [field.name for field in encoded.schema if pa.types.is_dictionary(field.type)]
    assert as_dictionary == ["event_type", "device", "location_country", "status"]
    assert encoded["device"].dictionary.to_pylist() == ["ANDROID", "IOS"]
    assert encoded["status"].dictionary.to_pylist() == ["good", "bad", "suspicious"]
    assert encoded.to_pylist() == plain.to_pylist()
