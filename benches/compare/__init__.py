"""The same logs through logcore and through what people use today."""
