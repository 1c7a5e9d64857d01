"""Many calls: the plan, the crew of engines, the store of records, and who works on them."""
