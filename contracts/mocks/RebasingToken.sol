// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @title RebasingToken
/// @notice A token whose balances are shares times an index, which the deployer may change up or down at any time.
contract RebasingToken is PlainToken {
    event Rebased(uint256 index);

    error RebaseNotOwner(address caller, address owner);

    uint256 private constant _ONE = 1e18;
    address public immutable owner;
    /// @notice The balance units per share, with 18 decimals.
    uint256 public index = _ONE;

    constructor() PlainToken("Rebasing", "REBASE", 18) {
        owner = msg.sender;
    }

    /// @notice Multiplies every balance by numerator / denominator.
    function rebase(uint256 numerator, uint256 denominator) external {
        if (msg.sender != owner) revert RebaseNotOwner(msg.sender, owner);
        index = index * numerator / denominator;
        emit Rebased(index);
    }

    function totalSupply() public view override returns (uint256) {
        return _totalSupply * index / _ONE;
    }

    function balanceOf(address account) public view override returns (uint256) {
        return _balances[account] * index / _ONE;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from != address(0)) {
            uint256 held = balanceOf(from);
            if (held < value) revert ERC20InsufficientBalance(from, held, value);
        }
        // The shares are rounded up, as in a token whose pool never pays for a transfer.
        uint256 shares = (value * _ONE + index - 1) / index;
        if (from != address(0) && shares > _balances[from]) shares = _balances[from];
        if (from == address(0)) _totalSupply += shares;
        else _balances[from] -= shares;
        if (to == address(0)) _totalSupply -= shares;
        else _balances[to] += shares;
        emit Transfer(from, to, value);
    }
}
