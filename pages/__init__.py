"""The screens: everything that knows Streamlit."""
