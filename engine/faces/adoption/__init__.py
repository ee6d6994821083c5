"""A published model becomes one of the house: correspondence, borrowed shapes and colours, a skeleton, surfaces."""
