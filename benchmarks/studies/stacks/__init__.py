"""What stacks cost."""
