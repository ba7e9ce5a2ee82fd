"""Where threads meet: plain objects carried to Qt."""
