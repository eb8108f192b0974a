"""Selection methods to compare CSOD with; every module here is imported when a method is looked up."""
